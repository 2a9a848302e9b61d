"use strict";
// Figures of curves answer the mouse and the keyboard. Without this script they are plain pictures.
for (const source of document.querySelectorAll("script.values")) {
  const figure = source.closest("figure"), data = JSON.parse(source.textContent);
  const svgs = [...figure.querySelectorAll("svg[data-panels]")];
  const ends = data.curves.map(c => c.first + c.means.length - 1);
  const first = Math.min(...data.curves.map(c => c.first)), last = Math.max(...ends);
  const hidden = new Set();
  let epoch = last, chosen = -1, crossed = false;

  const make = (name, where, attributes = {}, space = "") => {
    const made = space ? document.createElementNS(space, name) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    where.append(made);
    return made;
  };
  const svgSpace = "http://www.w3.org/2000/svg";
  const written = value => value.toLocaleString("en", {
    minimumFractionDigits: data.decimals, maximumFractionDigits: data.decimals,
  });
  const at = (curve, list) => curve[list][epoch - curve.first] ?? null;
  const text = curve => {
    const mean = at(curve, "means"), half = at(curve, "halves");
    if (mean === null) return "–";
    return written(mean) + (half === null ? "" : ` ± ${written(half)}`);
  };

  const live = document.createElement("div");
  live.className = "live";
  source.after(live);
  const slider = make("div", live, {
    class: "epoch", role: "slider", tabindex: 0, "aria-label": "Epoch",
    "aria-valuemin": first, "aria-valuemax": last,
  });
  const legend = make("div", live, { class: "legend", role: "group", "aria-label": "Curves" });
  const buttons = data.curves.map((curve, number) => {
    const button = make("button", legend, { type: "button", "aria-pressed": true });
    const sample = make("svg", button, { class: "sample", viewBox: "0 0 28 8", "aria-hidden": true }, svgSpace);
    make("path", sample, {
      d: "M1 4H27", stroke: `var(--h-${curve.hue})`, "stroke-width": 1.6,
      "stroke-dasharray": curve.dash.map(length => 1.4 * length).join(" ") || "none",
    }, svgSpace);
    make("span", button).textContent = curve.title;
    make("output", button);
    button.addEventListener("click", () => {
      if (!hidden.delete(number)) hidden.add(number);
      show();
    });
    for (const [event, which] of [["pointerenter", number], ["focus", number], ["pointerleave", -1], ["blur", -1]])
      button.addEventListener(event, () => { chosen = which; show(); });
    return button;
  });

  function show() {
    const said = data.curves.map((c, n) => hidden.has(n) ? null : `${c.title} ${text(c)}`);
    slider.textContent = `Epoch ${epoch.toLocaleString("en")}`;
    slider.setAttribute("aria-valuenow", epoch);
    slider.setAttribute("aria-valuetext", [`Epoch ${epoch}`, ...said.filter(Boolean)].join("; "));
    buttons.forEach((button, number) => {
      button.setAttribute("aria-pressed", !hidden.has(number));
      button.querySelector("output").textContent = text(data.curves[number]);
    });
    const lit = chosen >= 0 && !hidden.has(chosen);
    for (const svg of svgs) {
      svg.classList.toggle("lit", lit);
      for (const part of svg.querySelectorAll('[class^="curve-"]')) {
        const number = Number(part.getAttribute("class").match(/curve-([0-9]+)/)[1]);
        part.classList.toggle("chosen", lit && number === chosen);
        part.classList.toggle("off", hidden.has(number));
      }
      cross(svg);
    }
  }

  function cross(svg) {
    for (const old of svg.querySelectorAll(".cross, .dot")) old.remove();
    if (!crossed) return;
    for (const panel of JSON.parse(svg.dataset.panels)) {
      const [left, top, right, bottom] = panel.box;
      const x = left + (epoch - panel.x[0]) / (panel.x[1] - panel.x[0]) * (right - left);
      if (x < left - 1 || x > right + 1) continue;
      make("path", svg, { class: "cross", d: `M${x} ${top}V${bottom}` }, svgSpace);
      for (const number of panel.curves) {
        const mean = at(data.curves[number], "means");
        if (hidden.has(number) || mean === null) continue;
        make("circle", svg, {
          class: "dot", cx: x, cy: height(panel, mean), r: 2.4,
          fill: `var(--h-${data.curves[number].hue})`,
        }, svgSpace);
      }
    }
  }

  function height(panel, value) {
    const [, top, , bottom] = panel.box, [low, high] = panel.y;
    return bottom - (value - low) / (high - low) * (bottom - top);
  }

  const go = to => {
    epoch = Math.min(last, Math.max(first, to));
    crossed = true;
    show();
  };
  const page = Math.max(1, Math.round((last - first) / 10));
  slider.addEventListener("keydown", event => {
    const to = {
      ArrowRight: epoch + 1, ArrowUp: epoch + 1, ArrowLeft: epoch - 1, ArrowDown: epoch - 1,
      PageUp: epoch + page, PageDown: epoch - page, Home: first, End: last,
    }[event.key];
    if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    go(to);
  });
  slider.addEventListener("blur", () => { crossed = false; show(); });
  for (const svg of svgs) {
    svg.addEventListener("pointermove", event => {
      const point = new DOMPoint(event.clientX, event.clientY)
        .matrixTransform(svg.getScreenCTM().inverse());
      const panel = JSON.parse(svg.dataset.panels).find(({ box: [left, top, right, bottom] }) =>
        point.x >= left && point.x <= right && point.y >= top && point.y <= bottom);
      if (!panel) return;
      const [left, , right] = panel.box, [low, high] = panel.x;
      epoch = Math.round(low + (point.x - left) / (right - left) * (high - low));
      epoch = Math.min(last, Math.max(first, epoch));
      const near = panel.curves
        .filter(number => !hidden.has(number) && at(data.curves[number], "means") !== null)
        .map(number => [Math.abs(height(panel, at(data.curves[number], "means")) - point.y), number])
        .sort((a, b) => a[0] - b[0])[0];
      chosen = near && near[0] < 14 ? near[1] : -1;
      crossed = true;
      show();
    });
    svg.addEventListener("pointerleave", () => { chosen = -1; crossed = false; show(); });
  }
  show();
}
