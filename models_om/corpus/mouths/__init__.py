"""Open mouths from three sources, as the painter sees them: what plain geometry paints, and what was really there.

`portraits.py`  open mouths of synthetic portraits: the most faces, skins and lights, but soft
`grid.py`       people who talk: true cavities, tongues and teeth in motion, soft as well
`renders.py`    ICT-FaceKit heads: exact and sharp, but of one build
"""
