// page/layout.js is written when the page is built, out of signlet.landmarks.

/** Pairs of points that are joined, by part. */
export const EDGES: Record<"face" | "left_hand" | "pose" | "right_hand", [number, number][]>;
