"""T2DRL: a learner in training and in testing, its checkpoints, and itself as an online policy."""
