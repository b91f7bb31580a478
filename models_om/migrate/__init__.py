"""Weights trained in PyTorch made into MindSpore checkpoints by a map of names, with proof that both agree."""
