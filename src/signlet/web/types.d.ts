// What clips, models, streams, messages and the page hold. For the type checker: no browser loads it.

import { SETTINGS } from "./stream/segmenter.js";

// --- clips/ ---------------------------------------------------------------------------------

/** What a file holds. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** x, y, z of 543 points, frame after frame: T * 543 * 3 numbers, NaN where a point was not found. */
export type Frames = Float32Array<ArrayBuffer>;

/** Numbers, and what can be done with a list and a typed array of them alike. */
export interface Numbers extends ArrayLike<number> {
  reduce(step: (whole: number, number: number) => number): number;
  reduce(step: (whole: number, number: number) => number, start: number): number;
}

export interface Clip {
  frames: Frames;
  times: Float64Array; // seconds of each frame
  T: number; // frames
  fps: number;
}

/** A clip out of a file. */
export interface ReadClip extends Clip {
  remark: string | null; // what was mended in it, a phrase
}

/** An array of an .npz; numbers is null where they are of a type that is not read. */
export interface NpyArray {
  numbers: Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer> | Int32Array<ArrayBuffer> | null;
  shape: number[];
  type: string;
}

// --- model/ ---------------------------------------------------------------------------------

/** D numbers of length 1: what a model sees in a clip. */
export type Embedding = Float32Array | Float64Array;

/** What an exported file says of itself; docs/export.md has the list. */
export interface Card {
  format: number;
  landmarks: string;
  signs: string[];
  calibration: { temperature: number; threshold: number } | null;
  max_frames: number | null;
  embedding: number | null; // D
  signlet?: string;
  precision?: string;
  licence?: string;
  about?: any; // whatever the training wrote
  prototypes?: any; // these three are checked by teach-card.js
  teaching?: any;
  taught?: any;
}

/** What a model says of a clip. */
export interface Answer {
  sign: string | null; // null: none of the signs
  likeliest: string;
  confidence: number;
  probabilities: Float32Array; // in the order of the signs
  embedding: Embedding | null;
  none?: number; // of taught signs: the probability that it is none of them
}

/** What names signs. */
export interface Names {
  readonly signs: string[];
  readonly maxFrames?: number;
  recognise(frames: Frames, T: number): Promise<Pick<Answer, "sign" | "confidence" | "probabilities">>;
}

/** What `loadRecogniser` gives, and a recogniser of taught signs around it. */
export interface Model extends Names {
  readonly name?: string; // what errors call it
  threshold: number; // answers below this confidence are none of the signs
  readonly card: Card;
  readonly maxFrames: number;
  readonly embeddingSize: number | null;
  readonly remarks: string[];
  embed(frames: Frames, T: number): Promise<Embedding>;
  release(): Promise<void>;
}

/** An example of a taught sign. */
export interface Shown {
  sign: string;
  embedding: Embedding;
}

/** One of the model's own signs, as it looks on average. */
export interface Own {
  sign: string;
  prototype: Embedding;
}

/** How like examples are to their own sign and to others, as a model's card may say. */
export interface Expected {
  known?: number;
  unknown?: number;
  spread?: number;
  scale?: number;
}

/** What names taught signs: those kept of the model's own, then those taught. */
export interface Head {
  signs: string[];
  kept: number;
  prototypes: Embedding[];
  shown: Embedding[][]; // of each sign
  scale: number;
  slope: number;
  threshold: number;
}

/** The teaching part of a card. */
export interface Teaching {
  own: Own[];
  teaching: Expected;
  taught: { head: Head; examples: Shown[] } | null;
}

/** What an example looks like, see `advise` of model/teach.js. */
export interface Advice {
  own: number | null;
  other: number | null;
  nearest: string | null;
  like: string | null;
}

// --- stream/ --------------------------------------------------------------------------------

/** Thresholds by name, see stream/segmenter.js. */
export type Settings = Record<keyof typeof SETTINGS, number>;

/** Frames from a time to another, in seconds. */
export interface Segment {
  start: number;
  end: number;
  frames: Frames;
  T: number;
}

/** Something was signed; sign is null for none of the signs. */
export interface SignEvent {
  sign: string | null;
  start: number;
  end: number;
  confidence: number;
  top: [string, number][]; // the likeliest signs and their probabilities
}

/** x and y of 21 points, null where the hand was not found or is down. */
export type Hand = Float64Array | null;
export type Hands = [left: Hand, right: Hand];

// --- teach/ ---------------------------------------------------------------------------------

/** An example of this page. */
export interface Example extends Clip {
  sign: string;
  signer: string;
  name: string; // of its file
  id: number | null; // in the browser's store, null where it could not be kept
  embedding: Float64Array | null; // null until the model has looked at it
  remark?: string | null;
}

/** What becomes an example. */
export type NewExample = Clip & { sign: string; signer: string; remark?: string | null };

/** What the page names: the taught signs beside the model's own, only them, or only its own. */
export type Way = "both" | "own" | "model";

/** The signs in use, how many of them were taught, and the least confidence. */
export interface Use {
  signs: string[];
  taught: number;
  threshold: number;
}

/** Of each example what it looks like; agrees: with the others of its sign, null for one alone. */
export type AdviceOf = Map<{ sign: string }, Advice & { agrees: boolean | null }>;

/** A taught sign as it is listed. */
export interface Group {
  sign: string;
  count: number;
  brought: number; // examples in the model's file
  examples: Example[];
  advice: AdviceOf;
}

// --- live/ ----------------------------------------------------------------------------------

/** One frame of a source: a picture to find landmarks in, or landmarks. */
export type SourceFrame = { time: number } & (
  { picture: ImageBitmap; frame?: undefined } | { frame: Frames; picture?: undefined }
);

/** What a worker is asked: what it is given, and what it answers. */
export type Questions = Record<string, [given: any, answer: any]>;

export type RecogniseQuestions = {
  load: [{ source: string | Bytes; name: string }, { card: Card }];
  embed: [{ frames: Frames; T: number }, { embedding: Embedding }];
  teach: [{ head: Head | null }, { threshold: number }];
  start: [{ mirrored: boolean }, void];
  threshold: [{ threshold: number }, void];
  push: [{ frame: Frames; time: number }, Told];
  finish: [undefined, Told];
};

export type LandmarkQuestions = {
  load: [{ folder: string }, void];
  start: [undefined, void];
  find: [{ picture: ImageBitmap; time: number }, Frames];
};

export type Handler = (what: any) => Promise<any>;

/** What a worker does when it is asked. */
export type Handlers<Asked extends Questions> = {
  [Kind in keyof Asked]: (what: Asked[Kind][0]) => Promise<Asked[Kind][1]>;
};

/** What the recogniser says of a frame. */
export interface Told {
  events: SignEvent[];
  milliseconds: number; // spent in the model
  state: "rest" | "signing";
  suggestion: string | null; // where the camera seems to be mirrored
}

/** Frames a second, milliseconds of finding and naming, seconds of delay: those that are new. */
export interface Figures {
  rate?: number;
  finding?: number;
  naming?: number;
  delay?: number;
}

/** The global things of a worker, which the type checker takes for a page. */
export interface WorkerScope {
  Holistic: new (options: { locateFile: (name: string) => string }) => Holistic;
  onmessage: (event: { data: { id: number; kind: string; what: any } }) => void;
  postMessage(message: object, transfer?: Transferable[]): void;
  importScripts(address: string): void;
  window: unknown;
  document: unknown;
  alert: (message: string) => void;
}

/** MediaPipe's solution, as far as it is used. */
export interface Holistic {
  setOptions(options: object): void;
  onResults(listener: (results: HolisticResults) => void): void;
  initialize(): Promise<void>;
  reset(): void;
  send(input: { image: ImageBitmap }, at: number): Promise<void>;
}

export type HolisticResults = { image?: { close?: () => void } } & {
  [Part in "faceLandmarks" | "leftHandLandmarks" | "poseLandmarks" | "rightHandLandmarks"]?: { x: number; y: number; z: number }[];
};

// --- page/ ----------------------------------------------------------------------------------

/** What a source shows: nothing, or what the stage says of it. */
export type SourceKind = "none" | "camera" | "video" | "clip";

/** The parts of index.html by id. */
export type Parts = Record<Plain, HTMLElement> & Record<Buttons, HTMLButtonElement> & Record<Inputs, HTMLInputElement> & {
  camera: HTMLSelectElement;
  "forget-ask": HTMLDialogElement;
  figure: HTMLCanvasElement;
  overlay: HTMLCanvasElement;
  progress: HTMLProgressElement;
  "teach-view": HTMLCanvasElement;
  "teach-with": HTMLFieldSetElement;
  video: HTMLVideoElement;
};

type Buttons =
  | "begin" | "built-in" | "choose" | "clear" | "copy" | "forget" | "forget-no" | "forget-yes" | "hint-turn" | "hint-well"
  | "pause" | "record" | "replay" | "save" | "start" | "still" | "teach-again" | "teach-hold" | "teach-open" | "to-camera";

type Inputs = "file" | "keys" | "least" | "mirrored" | "model" | "show" | "teach-file" | "teach-sign" | "teach-signer";

type Plain =
  | "announce" | "bars" | "caption" | "delay" | "drop" | "facts" | "figures" | "finding" | "forget-what" | "hint" | "hint-text"
  | "history" | "least-value" | "lessons" | "live" | "mirror" | "model-name" | "naming" | "picture" | "played" | "played-what" | "problem" | "promise"
  | "rate" | "remark" | "sign" | "signs" | "slow" | "stage" | "state" | "sure" | "teach" | "teach-count" | "teach-empty" | "teach-names"
  | "teach-note" | "teach-trouble" | "teach-why" | "text" | "waiting" | "welcome";
