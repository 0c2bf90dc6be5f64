"""Experiments on mechanisms: what is changed, by how much a property fails, and of which mechanism."""
