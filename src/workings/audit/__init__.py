"""Audit of a fitted model: whether it is what it says it is, and what can be proved about that."""

from workings.audit.replication import Check, Replication, replicate

__all__ = ["Check", "Replication", "replicate"]
