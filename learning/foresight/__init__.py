"""What the network learns to foretell, and how: targets from whole traces, and the regression on them."""
