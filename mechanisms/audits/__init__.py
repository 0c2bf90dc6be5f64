"""What holds of a mechanism and what does not: proofs, counterexamples that replay, and samples."""
