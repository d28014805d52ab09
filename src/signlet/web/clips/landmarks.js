// Where MediaPipe's 543 points lie in a frame, as signlet.landmarks in Python: face 468, left hand
// 21, pose 33, right hand 21. Left and right are the signer's own.

export const SCHEMA = "mediapipe-holistic-543/signlet-100";
export const POINTS = 543;
export const NUMBERS = POINTS * 3; // x, y, z of each point of one frame
export const LEFT_HAND = 468;
export const POSE = 489;
export const RIGHT_HAND = 522;
export const HAND_POINTS = 21;
export const POSE_POINTS = 33;
export const NOSE = POSE;
export const LEFT_SHOULDER = POSE + 11;
export const RIGHT_SHOULDER = POSE + 12;
