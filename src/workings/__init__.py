"""Linear regression, k-means and neural networks from first principles, with every step open to inspection."""

from workings.recording import Tape, record

__version__ = "0.1.0"

__all__ = ["Tape", "__version__", "record"]
