// Measures the page in the frame as the browser shows it, and leaves what it found as JSON.
function luminance(colour) {
  // relative luminance of sRGB (WCAG 2.2, definition)
  const linear = colour.map(x => x / 255).map(
    x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
}
function channels(text) { return text.match(/[\d.]+/g).map(Number); }
function behind(element) {
  for (let each = element; each; each = each.parentElement) {
    const colour = channels(getComputedStyle(each).backgroundColor);
    if (colour.length < 4 || colour[3] > 0) return colour.slice(0, 3);
  }
  return [255, 255, 255];
}
function contrast(element) {
  const style = getComputedStyle(element), svg = element.closest("svg");
  const ink = channels(svg ? style.fill : style.color).slice(0, 3);
  const [high, low] = [luminance(ink), luminance(behind(element))].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}
function measure(frame) {
  const page = frame.contentDocument, root = page.documentElement;
  const within = (inner, outer) => inner.left >= outer.left - 1 && inner.right <= outer.right + 1
    && inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1;
  page.querySelectorAll("details").forEach(each => { each.open = true; });
  const charts = [...page.querySelectorAll("figure svg")].map(svg => {
    const box = svg.getBoundingClientRect();
    const marks = [...svg.querySelectorAll("path, rect, use, image")].filter(each =>
      !each.closest("defs") && each.getBoundingClientRect().width > 2);
    const words = [...svg.querySelectorAll("text")];
    return {
      marks: marks.length, words: words.length, width: box.width, height: box.height,
      outside: words.filter(each => !within(each.getBoundingClientRect(), box))
        .map(each => each.textContent),
    };
  });
  const words = [...page.body.querySelectorAll("*")].filter(each =>
    !["STYLE", "SCRIPT"].includes(each.tagName) && [...each.childNodes].some(
      node => node.nodeType === 3 && node.textContent.trim()));
  const pale = words.map(each => [contrast(each), each.textContent.trim().slice(0, 60)]);
  return {
    overflow: root.scrollWidth - root.clientWidth,
    width: root.clientWidth,
    requests: frame.contentWindow.performance.getEntriesByType("resource").map(one => one.name),
    faintest: pale.sort((a, b) => a[0] - b[0])[0],
    charts,
  };
}
const frame = document.querySelector("iframe");
frame.addEventListener("load", () => {
  document.querySelector("#found").textContent = JSON.stringify(measure(frame));
});
