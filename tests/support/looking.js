// What is wrong with the outputs of the notebook that is open: run in the page by browsing.troubles.
() => {
  const seen = element => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && getComputedStyle(element).visibility !== "hidden";
  };
  const numbers = color => {
    const parts = color.match(/[\d.]+/g).map(Number);
    if (color.startsWith("color(")) parts.splice(0, 3, ...parts.slice(0, 3).map(part => part * 255));
    return parts.length > 3 ? parts : [...parts, 1];
  };
  const over = (above, below) => [0, 1, 2].map(i => above[i] * above[3] + below[i] * (1 - above[3]));
  const behind = element => {
    if (!element) return [255, 255, 255];
    const color = numbers(getComputedStyle(element).backgroundColor);
    return color[3] === 1 ? color : over(color, behind(element.parentElement));
  };
  const light = color => {
    const [r, g, b] = color.slice(0, 3).map(part => part / 255)
      .map(part => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = element => {
    const below = behind(element);
    const [a, b] = [light(over(numbers(getComputedStyle(element).color), below)), light(below)];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  };
  const called = element => (element.innerText || element.alt || element.outerHTML).slice(0, 80);

  const wide = [], faint = [], dumb = [], outside = [];
  for (const output of document.querySelectorAll(".jp-OutputArea-output")) {
    if (!seen(output)) continue;
    const place = output.getBoundingClientRect();
    for (const element of [output, ...output.querySelectorAll("*")]) {
      if (!seen(element)) continue;
      if (element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0
          && getComputedStyle(element).display !== "inline") wide.push(called(element));
      const own = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
      if (own && contrast(element) < 4.5) {
        faint.push(`${contrast(element).toFixed(1)}: ${called(element)}`);
      }
    }
    for (const picture of output.querySelectorAll("img")) {
      if (!picture.alt && picture.getAttribute("aria-hidden") !== "true") dumb.push(called(picture));
      if (!seen(picture)) continue;
      const box = picture.getBoundingClientRect();
      if (box.right > place.right + 1 || box.left < place.left - 1) outside.push(called(picture));
    }
  }
  return { wide, faint, dumb, outside };
}
