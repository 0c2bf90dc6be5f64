"""Outside checks of the environment and of what is learnt in it."""
