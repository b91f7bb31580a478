"""What the project takes from ICT-FaceKit, the morphable head."""
