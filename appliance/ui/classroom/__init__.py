"""The classroom: a lecture spoken by a portrait at a smart blackboard, on the kiosk's flow, director and screens."""
