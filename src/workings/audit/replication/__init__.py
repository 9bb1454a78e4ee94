"""Replication of a fitted model: its predictions rebuilt, its fit repeated, its optimality proved."""

from workings.audit.replication.certificate import Check, Replication
from workings.audit.replication.replicate import replicate

__all__ = ["Check", "Replication", "replicate"]
