"""Every profile of a grid of types: tables of outcomes, and the largest failures in them."""
