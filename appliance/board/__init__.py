"""What is looked at on an Ascend board: whether driver, CANN, memory and rights are such that the networks can run."""

from .examine import examine_board
from .finding import OK, PROBLEM, WARNING, Finding
from .tree import Tree

__all__ = ["OK", "PROBLEM", "WARNING", "Finding", "Tree", "examine_board"]
