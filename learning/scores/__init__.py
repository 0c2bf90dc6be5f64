"""From what is foretold to what is cached: weighted scores, whole runs of them, and their evolution."""
