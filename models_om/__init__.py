"""The Sonic networks: what they are, how they are trained, judged, quantised and built. Never imported by the appliance."""
