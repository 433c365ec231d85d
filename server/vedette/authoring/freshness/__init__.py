"""How fresh assets are to be: policies, checks, and the sensors that tell of them."""
