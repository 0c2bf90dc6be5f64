"""The most welfare any truthful mechanism could reach on a finite grid of types, by linear programming."""
