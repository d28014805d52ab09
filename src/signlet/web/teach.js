// For a page of your own: signs taught by example, see docs/web.md.

export { advise, answer, distinct, meanOf, shownOf, teach, TEACHING, torn, unit } from "./model/teach.js";
