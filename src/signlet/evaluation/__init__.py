"""Evaluation: folds by signer, out-of-fold predictions (N, K), and their scores."""
