"""Labels by float32 and bounds, with a proof that a referee would give the same ones."""
