/** Words that our prose avoids → what to write instead. */
export const AVOIDED: readonly (readonly [word: RegExp, instead: string])[] = [
  [/\banew\b/i, 'again'],
  [/\bshall\b/i, 'must, or the plain verb'],
  [/\bbe it\b/i, 'whether … or'],
  [/\bfor ever\b/i, 'without limit'],
  [/\bof (?:its|his|her|their) own\b/i, 'its own …, separate'],
  [/\bstands?\b/i, 'is, precedes'],
  [/\bis none\b/i, 'is not a …'],
  [/\bparted\b/i, 'separated'],
  [/\bbeside\b/i, 'next to, compared with, in addition to'],
  [/\b(?:tells?|telling|told|news)\b/i, 'notify, report, distinguish'],
  [/\b(?:asks?|asked|asking)\b/i, 'query, request, require'],
  [/\b(?:answers?|answered|answering)\b/i, 'response, result; respond, return'],
  [/\bmend(?:s|ed|ing)?\b/i, 'fix'],
  [/\bmade-up\b/i, 'fake, generated'],
  [/\b(?:good|bad)\b/i, 'valid, invalid'],
  [/\b(?:wants?|wanted)\b/i, 'require, need'],
  [/\btakes\b/i, 'accept, require, read'],
  [/\b(?:whoever|anybody|somebody's)\b/i, 'anyone who, someone'],
];

/** Phrases in which an avoided word is the right one. */
export const ALLOWED: readonly RegExp[] = [
  // It lasts, happens, or is in force.
  /\btakes? (?:about|at least|at most|half|hours|less|longer|more|minutes|up to|[\d,.]+)\b/gi,
  /\btakes? (?:an?|one|two|five|ten) (?:hours?|minutes?|seconds?|milliseconds?)\b/gi,
  /\btakes\b.{0,25}\b(?:time|milliseconds|seconds|long|longer|moment|third)\b/gi,
  /\btakes (?:care|effect|part|place|precedence|time)\b|\btakes\b.* over\b/gi,
  /\bstands? for\b/gi,
  /\bstand-?alone\b/gi,
  /\b(?:if|where|when|why) there is none\b|\bms-its news nfs\b|\bfor good\b|\basks? (?:the|a) user\b/gi,
  /\btakes (?:no|a|the) lock\b|\btakes one query\b/gi,
  // A member of the JSON that `latchkey explain` prints.
  /"answer":/g,
  // Reason phrases of HTTP.
  /\bBad (?:Request|Gateway)\b/g,
];
