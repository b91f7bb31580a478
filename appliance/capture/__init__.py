"""From the world to files: microphone, camera, chosen files, buttons and lamps. Each is a small protocol with several
back ends, one of them a fake that passes the same contract tests as the real ones."""
