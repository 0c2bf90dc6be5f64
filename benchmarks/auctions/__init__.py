"""Auctions measured: welfare against published figures, speed against peers, incentives at the edge."""
