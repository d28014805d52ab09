"""Signs as they come, from a camera, a video or a file of landmarks: `signlet live`.

Nothing heavy is imported here: a file of landmarks needs the core install only, a camera or a
video the extra `video`.
"""
