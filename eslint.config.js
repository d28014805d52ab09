// How the JavaScript of src/signlet/web and of the report is linted; `npm run check` runs it.

import js from "@eslint/js";
import globals from "globals";

const WEB = "src/signlet/web";
const WAY = ["clips", "model", "stream", "teach", "live", "page"]; // of the data, see the README of web/
const ANYWHERE = { ...globals["shared-node-browser"], File: "readonly" };

/** A folder imports only from those before it, and never what is there for other pages. */
const direction = WAY.map((folder, i) => ({
  files: [`${WEB}/${folder}/*.js`],
  rules: {
    "no-restricted-imports": ["error", { patterns: [{
      regex: `^\\.\\./(?:(?:${["none", ...WAY.slice(i + 1)].join("|")})/|[^/]+$)`,
      message: `${folder}/ imports only from the folders before it, see ${WEB}/README.md.`,
    }] }],
  },
}));

export default [
  { ignores: ["**/node_modules/", "docs/", "runs/"] },
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "arrow-body-style": "error",
      eqeqeq: "error",
      "max-lines": ["error", { max: 300, skipBlankLines: true, skipComments: true }],
      "max-lines-per-function": ["error", { max: 45, skipBlankLines: true, skipComments: true }],
      "no-console": ["error", { allow: ["warn"] }],
      "no-else-return": "error",
      "no-shadow": "error",
      "no-useless-return": "error",
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-arrow-callback": "error",
      "prefer-const": "error",
      "prefer-template": "error",
    },
  },
  // Whatever is no page runs in Node and in workers too: there is no document.
  { files: [`${WEB}/*.js`, `${WEB}/*/*.js`], languageOptions: { globals: ANYWHERE } },
  { files: [`${WEB}/teach/*.js`], languageOptions: { globals: { indexedDB: "readonly" } } },
  {
    files: [`${WEB}/live/*.js`],
    languageOptions: { globals: globals.browser },
    rules: { "no-restricted-globals": ["error", "document", "window"] },
  },
  { files: [`${WEB}/live/landmark-worker.js`], languageOptions: { sourceType: "script", globals: globals.worker } },
  { files: ["src/signlet/report/*.js"], languageOptions: { globals: globals.browser } },
  { files: [`${WEB}/page/*.js`], languageOptions: { globals: globals.browser } },
  ...direction,
  {
    files: ["tests/**/*.js", "tests/**/*.mjs", "eslint.config.js"],
    languageOptions: { globals: globals.node },
    rules: { "max-lines-per-function": "off", "no-console": "off" },
  },
];
