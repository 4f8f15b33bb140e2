// Draws the charts of the page from the JSON beside it; colours come from the style sheet, so that both schemes have theirs.
"use strict";
(function () {
  const data = JSON.parse(document.getElementById("data").textContent);
  const charts = [];
  const colour = name => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();

  // A colour and a shape for each name: colour alone would leave some readers out.
  const STYLES = {
    "plain loop": ["plain", "rect"], "plain loop, -inf": ["plain", "rect"], "plain loop, -1e9": ["other", "rect"],
    "JDK vectors": ["vectors", "triangle"],
    "Surprisal scalar": ["scalar", "diamond"], "row-major": ["scalar", "diamond"],
    "Surprisal SIMD": ["ours", "circle"], "Surprisal auto": ["ours", "circle"],
    "Surprisal SIMD, unmasked": ["scalar", "diamond"], "Surprisal SIMD, -inf": ["ours", "circle"], "Surprisal SIMD, -1e9": ["other2", "circle"],
    "Surprisal SIMD, peaked": ["other3", "pin"],
    "FMA bound": ["arithmetic", "none"], "memory": ["memory", "none"], "limit": ["limit", "none"]
  };
  const OTHERS = ["other", "other2", "other3", "vectors", "scalar", "plain"];
  const SHAPES = ["circle", "rect", "triangle", "diamond", "pin", "arrow"];
  const isLimit = name => name === "FMA bound" || name === "memory";

  function style(name, index) {
    const known = STYLES[name] || [OTHERS[index % OTHERS.length], SHAPES[index % SHAPES.length]];
    return { colour: colour(known[0]), symbol: known[1] };
  }

  const short = n => n >= 1 << 20 ? n / (1 << 20) + "M" : n >= 1024 ? n / 1024 + "K" : String(n);
  const round = v => v >= 100 ? v.toFixed(0) : v >= 10 ? v.toFixed(1) : v.toFixed(2);

  // "inherit" would draw well, but ECharts measures labels with it and gets them wrong
  function text() {
    return { color: colour("quiet"), fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 12 };
  }

  function axis(type, name, more) {
    return Object.assign({
      type: type, name: name, nameLocation: "middle", nameTextStyle: text(), axisLabel: text(),
      axisLine: { lineStyle: { color: colour("line") } }, axisTick: { show: false }, minorTick: { show: false },
      splitLine: { lineStyle: { color: colour("line") } }
    }, more);
  }

  function tooltip(format) {
    return {
      confine: true, backgroundColor: colour("page"), borderColor: colour("line"),
      textStyle: { color: colour("ink"), fontSize: 12 }, formatter: format
    };
  }

  /** A figure with a legend in HTML, which wraps as text does. */
  function figure(parent, title, names, height) {
    const box = document.createElement("figure");
    if (title) {
      const caption = document.createElement("figcaption");
      caption.textContent = title;
      box.append(caption);
    }
    const legend = document.createElement("ul");
    legend.className = "legend";
    names.forEach((name, i) => {
      const item = document.createElement("li");
      const mark = document.createElement("i");
      mark.style.borderColor = style(name, i).colour;
      if (isLimit(name)) mark.className = "dashed";
      item.append(mark, name);
      legend.append(item);
    });
    const plot = document.createElement("div");
    plot.className = "plot";
    if (height) plot.style.height = height + "px";
    box.append(legend, plot);
    parent.append(box);
    const chart = echarts.init(plot, null, { renderer: "svg" });
    charts.push(chart);
    return chart;
  }

  // ECharts labels a log axis at powers of its base only: it should begin and end with one.
  function powers(values, base) {
    const exponents = values.filter(v => v > 0).map(v => Math.log(v) / Math.log(base));
    return { min: Math.pow(base, Math.floor(Math.min(...exponents) + 1e-9)), max: Math.pow(base, Math.ceil(Math.max(...exponents) - 1e-9)) };
  }

  function drawLengths(parent, chart) {
    const series = chart.series.filter(s => s.points.length > 0);
    const lengths = series.flatMap(s => s.points.map(p => p[0]));
    const boundaries = chart.caches.filter(c => c.length > Math.min(...lengths) && c.length < Math.max(...lengths));
    figure(parent, chart.title + ", Gelem/s", series.map(s => s.name)).setOption({
      animation: false, textStyle: text(),
      grid: { left: 4, right: 18, top: 26, bottom: 26, containLabel: true },
      tooltip: Object.assign({ trigger: "axis" }, tooltip(points => "<b>1 x " + points[0].value[0] + "</b><br>"
        + points.map(p => p.marker + p.seriesName + " <b>" + round(p.value[1]) + "</b>").join("<br>"))),
      xAxis: axis("log", "row length, logits", { logBase: 4, ...powers(lengths, 4), nameGap: 26, splitLine: { show: false },
        axisLabel: Object.assign(text(), { formatter: short, hideOverlap: true }) }),
      yAxis: axis("log", "", { logBase: 2, ...powers(series.flatMap(s => s.points.map(p => p[1])), 2) }),
      series: series.map((s, i) => {
        const look = style(s.name, i);
        return {
          name: s.name, type: "line", data: s.points, symbol: look.symbol, symbolSize: 8, color: look.colour, z: s.name.startsWith("Surprisal") ? 5 : 3,
          lineStyle: { width: s.name === "Surprisal SIMD" ? 3 : 2, type: isLimit(s.name) ? "dashed" : "solid" },
          markLine: i > 0 ? undefined : {
            silent: true, symbol: "none", animation: false, lineStyle: { color: colour("quiet"), type: [2, 4], width: 1 },
            label: Object.assign(text(), { formatter: p => p.name, position: "end" }),
            data: boundaries.map(c => ({ name: c.name, xAxis: c.length }))
          }
        };
      })
    });
  }

  function drawBars(parent, chart) {
    const series = chart.series.filter(s => s.values.some(v => v !== null));
    const bars = chart.categories.length * series.length;
    figure(parent, chart.title + ", Gelem/s", series.map(s => s.name), 40 + bars * 20 + chart.categories.length * 14).setOption({
      animation: false, textStyle: text(),
      grid: { left: 4, right: 44, top: 4, bottom: 4, containLabel: true },
      tooltip: Object.assign({ trigger: "item" }, tooltip(p => p.name + "<br>" + p.marker + p.seriesName + " <b>" + round(p.value) + "</b> Gelem/s")),
      xAxis: axis("value", "", {}),
      yAxis: axis("category", "", { data: chart.categories, inverse: true, splitLine: { show: false } }),
      series: series.map((s, i) => {
        const look = style(s.name, i);
        return {
          name: s.name, type: "bar", data: s.values, barMaxWidth: 16, barGap: "12%", barCategoryGap: "22%",
          itemStyle: { color: look.colour, borderRadius: [0, 3, 3, 0] },
          label: Object.assign(text(), { show: true, position: "right", formatter: p => p.value == null ? "" : round(p.value) })
        };
      })
    });
  }

  function drawRoofline(parent, roofline) {
    const operations = [...new Set(roofline.points.map(p => p.operation))];
    const intensities = { min: 0.125, max: 16 };
    const roof = roofline.arithmetic;
    const lines = Object.entries(roofline.memory).map(([size, rate]) => {
      const corner = roof ? Math.min(roof / rate, intensities.max) : intensities.max;
      return { name: size, points: [[intensities.min, rate * intensities.min], [corner, rate * corner]] };
    });
    const rates = roofline.points.map(p => p.rate).concat(lines.flatMap(l => l.points.map(p => p[1])));
    figure(parent, "1e9 multiply-adds a second", operations, 400).setOption({
      animation: false, textStyle: text(),
      grid: { left: 8, right: 20, top: 16, bottom: 28, containLabel: true },
      tooltip: Object.assign({ trigger: "item" }, tooltip(p => p.data.point
        ? p.seriesName + "<br>" + p.data.point.shape + ", " + p.data.point.size + " of logits<br><b>" + round(p.data.point.rate) + "</b> Gop/s" : p.seriesName)),
      xAxis: axis("log", "multiply-adds per byte", { logBase: 2, min: intensities.min, max: intensities.max, nameGap: 28, splitLine: { show: false } }),
      yAxis: axis("log", "", { logBase: 2, ...powers(rates, 2) }),
      series: lines.map(l => ({
        name: "memory, " + l.name, type: "line", data: l.points, symbolSize: 0.1, showAllSymbol: true, color: colour("memory"), lineStyle: { width: 1.5 },
        label: Object.assign(text(), { show: true, color: colour("memory"), position: "right", distance: 8, offset: [0, 5],
          formatter: p => p.dataIndex === 0 ? l.name : "" })
      })).concat(roof ? [{
        name: "FMA ports", type: "line", symbolSize: 0.1, showAllSymbol: true, color: colour("arithmetic"), lineStyle: { width: 2, type: "dashed" },
        data: [[intensities.min, roof], [intensities.max, roof]],
        label: Object.assign(text(), { show: true, color: colour("arithmetic"), position: "left", offset: [0, -10],
          formatter: p => p.dataIndex === 1 ? "FMA ports " + round(roof) : "" })
      }] : []).concat(operations.map((operation, i) => ({
        name: operation, type: "scatter", symbolSize: 11, symbol: SHAPES[i % SHAPES.length], z: 5,
        itemStyle: { color: style(operation, i).colour, opacity: 0.85 },
        data: roofline.points.filter(p => p.operation === operation).map(p => ({ value: [p.intensity, p.rate], point: p }))
      })))
    });
  }

  function drawCold(parent, series) {
    const times = series.flatMap(s => s.points.map(p => p[1]));
    figure(parent, "µs a call", series.map(s => s.name), 340).setOption({
      animation: false, textStyle: text(),
      grid: { left: 4, right: 28, top: 16, bottom: 28, containLabel: true },
      tooltip: Object.assign({ trigger: "axis" }, tooltip(points => "call " + points[0].value[0] + "<br>"
        + points.map(p => p.marker + p.seriesName + " <b>" + round(p.value[1]) + "</b> µs").join("<br>"))),
      xAxis: axis("log", "call", { nameGap: 28, splitLine: { show: false } }),
      yAxis: axis("log", "", powers(times, 10)),
      series: series.map((s, i) => {
        const look = style(s.name, i);
        return { name: s.name, type: "line", data: s.points, symbol: "none", color: look.colour, lineStyle: { width: 2 } };
      })
    });
  }

  function draw() {
    charts.splice(0).forEach(chart => chart.dispose());
    for (const id of ["lengths", "batches", "peers", "roofline", "cold"]) document.getElementById(id).replaceChildren();
    data.lengths.forEach(chart => drawLengths(document.getElementById("lengths"), chart));
    // like heights side by side
    const bars = chart => chart.categories.length * chart.series.length;
    data.batches.sort((a, b) => bars(a) - bars(b)).forEach(chart => drawBars(document.getElementById("batches"), chart));
    data.peers.forEach(chart => drawBars(document.getElementById("peers"), chart));
    if (data.roofline.points.length > 0) drawRoofline(document.getElementById("roofline"), data.roofline);
    if (data.cold.length > 0) drawCold(document.getElementById("cold"), data.cold);
  }

  // A heading without content says nothing.
  for (const section of document.querySelectorAll("section[data-needs]")) {
    const needs = section.dataset.needs;
    const there = { table: section.querySelector("table"), lengths: data.lengths.length, batches: data.batches.length,
      peers: data.peers.length, roofline: data.roofline.points.length, cold: data.cold.length };
    section.hidden = !there[needs];
  }
  draw();
  window.addEventListener("resize", () => charts.forEach(chart => chart.resize()));
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
