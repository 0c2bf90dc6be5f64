"""Sealed-bid double auctions, one rule a file."""
