// Elements, attributes and URL schemes that run script, from the HTML, SVG, XLink and XML Events standards and the old
// browsers' extensions. Data; detect-xss.ts applies it.

function setOf(words: string): ReadonlySet<string> {
  return new Set(words.split(/\s+/).filter((word) => word !== ""));
}

/** Elements that load or run something, or change what the page's own elements mean. */
export const hostileElements: ReadonlySet<string> = setOf(`
  applet base bgsound embed fencedframe foreignobject frame frameset handler iframe ilayer isindex layer link listener meta noscript object
  portal script style vmlframe xml xss`);

/** Beginnings of element names: every SVG and XSL element. */
export const hostileElementPrefixes: readonly string[] = ["svg", "xsl"];

/** What an attribute's value may do. */
export type AttributeKind = "none" | "script" | "url" | "style" | "attributeName";

export const attributeKinds: ReadonlyMap<string, AttributeKind> = new Map<string, AttributeKind>([
  ["attributename", "attributeName"],
  ["dataformatas", "script"],
  ["datasrc", "script"],
  ["srcdoc", "script"],
  ["style", "style"],
  ["filter", "style"],
  ...`action background by cite classid codebase data dynsrc folder formaction from handler href icon longdesc lowsrc manifest movie ping
    poster profile src to usemap values`
    .split(/\s+/)
    .map((name): readonly [string, AttributeKind] => [name, "url"]),
]);

/** Namespaces bring in elements that the page did not mean. */
export const hostileAttributePrefixes: readonly string[] = ["xmlns", "xlink:"];

/** Event handlers of the standards and of browsers, without "on". */
export const eventNames: ReadonlySet<string> = setOf(`
  abort activate addtrack afterprint afterscriptexecute afterupdate animationcancel animationend animationiteration animationstart
  auxclick beforeactivate beforecopy beforecut beforedeactivate beforeeditfocus beforeinput beforeinstallprompt beforematch beforepaste
  beforeprint beforescriptexecute beforetoggle beforeunload beforeupdate begin blur bounce cancel canplay canplaythrough cellchange change
  click close command contentvisibilityautostatechange contextlost contextmenu contextrestored controlselect copy cuechange cut
  dataavailable datasetchanged datasetcomplete dblclick deactivate devicemotion deviceorientation drag dragdrop dragend dragenter dragexit
  dragleave dragover dragstart drop durationchange emptied end ended error errorupdate enterpictureinpicture filterchange finish focus focusin
  focusout formchange formdata forminput fullscreenchange fullscreenerror gamepadconnected gesturechange gestureend gesturestart
  gotpointercapture hashchange help input invalid keydown keypress keyup languagechange layoutcomplete load loadeddata loadedmetadata loadend
  loadstart losecapture lostpointercapture mediacomplete mediaerror message messageerror mousedown mouseenter mouseleave mousemove mouseout
  mouseover mouseup mousewheel move moveend movestart mozfullscreenchange offline online orientationchange outofsync pagehide
  pagereveal pageshow pageswap paste pause play playing pointercancel pointerdown pointerenter pointerleave pointermove pointerout pointerover
  pointerrawupdate pointerup popstate progress propertychange ratechange readystatechange redo rejectionhandled repeat reset resize resizeend
  resizestart resume reverse rowdelete rowenter rowexit rowinserted rowsdelete rowsenter rowsinserted scroll scrollend
  scrollsnapchange scrollsnapchanging search securitypolicyviolation seek seeked seeking select selectionchange selectstart show slotchange
  stalled start stop storage submit suspend syncrestored timeerror timeupdate toggle touchcancel touchend touchforcechange touchleave touchmove
  touchstart trackchange transitioncancel transitionend transitionrun transitionstart undo unhandledrejection unload urlflip volumechange
  waiting webkitanimationend webkitanimationiteration webkitanimationstart webkitfullscreenchange webkittransitionend wheel zoom`);

/** Schemes that run what follows them. "data" is judged by its type. */
export const scriptSchemes: readonly string[] = [
  "javascript",
  "vbscript",
  "livescript",
  "mocha",
  "jscript",
  "view-source",
];

/** Types that a "data:" URL may have without being a document. */
export const passiveDataTypes: readonly string[] = [
  "image/png",
  "image/jpeg",
  "image/jpg",
  "image/gif",
  "image/webp",
  "image/avif",
  "image/bmp",
  "image/x-icon",
  "image/vnd.microsoft.icon",
  "audio/",
  "video/",
  "font/",
  "application/font",
  "application/octet-stream",
  "application/pdf",
];
