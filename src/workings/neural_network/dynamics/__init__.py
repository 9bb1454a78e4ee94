"""How a training goes: what each layer does, the rate it can take, and the shape of its loss."""
