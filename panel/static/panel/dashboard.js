// Draws the charts of the dashboard from the JSON in the page, in the colours of the light or dark theme.
(() => {
    const data = JSON.parse(document.getElementById("chart-data").textContent);
    const language = document.documentElement.lang;
    const number = new Intl.NumberFormat(language);
    const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const dashes = [[], [6, 3], [2, 3]]; // lines also differ without colours

    // Chart.js draws every line of a legend solid.
    const lineLabels = {
        usePointStyle: true,
        pointStyleWidth: 32,
        generateLabels: (chart) =>
            Chart.defaults.plugins.legend.labels
                .generateLabels(chart)
                .map((label, nth) => ({ ...label, pointStyle: "line", lineWidth: 2, lineDash: dashes[nth] })),
    };

    const kinds = {
        activity: { type: "line", colours: ["--series-1", "--series-2", "--series-3"] },
        delivery: { type: "bar", colours: ["--good", "--bad"] },
    };

    const draw = (canvas) => {
        const name = canvas.dataset.chart;
        const { type, colours } = kinds[name];
        const isLine = type === "line";
        const datasets = data[name].map((series, nth) => ({
            ...series,
            borderDash: isLine ? dashes[nth] : undefined,
            borderWidth: isLine ? 2 : 0,
            pointRadius: data.labels.length > 62 ? 0 : 2.5,
            pointHitRadius: 12,
            maxBarThickness: 28,
        }));
        const chart = new Chart(canvas, {
            type,
            data: { labels: data.labels, datasets },
            options: {
                animation: false,
                maintainAspectRatio: false,
                locale: language,
                interaction: { mode: "index", intersect: false },
                plugins: {
                    legend: { position: "bottom", labels: isLine ? lineLabels : { boxHeight: 8 } },
                    tooltip: { callbacks: { label: (item) => ` ${item.dataset.label}: ${number.format(item.parsed.y)}` } },
                },
                scales: {
                    x: { stacked: !isLine, grid: { display: false }, ticks: { maxRotation: 0, autoSkipPadding: 16 } },
                    y: { stacked: !isLine, beginAtZero: true, border: { display: false }, ticks: { precision: 0 } },
                },
            },
        });
        return () => {
            chart.data.datasets.forEach((dataset, nth) => {
                dataset.borderColor = dataset.backgroundColor = colour(colours[nth]);
            });
            chart.options.color = colour("--quiet");
            Object.values(chart.options.scales).forEach((scale) => {
                scale.ticks.color = colour("--quiet");
                scale.grid.color = colour("--line");
            });
            chart.update();
        };
    };

    Chart.defaults.font.family = "Inter, system-ui, sans-serif";
    const paints = [...document.querySelectorAll("canvas[data-chart]")].map(draw);
    const paint = () => paints.forEach((one) => one());
    paint();
    new MutationObserver(paint).observe(document.documentElement, { attributeFilter: ["class"] });
})();
