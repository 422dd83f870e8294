// Shows the progress of an export; without this script the browser downloads the file directly.
(() => {
    const LINE_FEED = 10;
    const number = new Intl.NumberFormat(document.documentElement.lang);

    const linesIn = (bytes) => {
        let lines = 0;
        for (const byte of bytes) if (byte === LINE_FEED) lines += 1;
        return lines;
    };

    const save = (parts, disposition) => {
        const link = document.createElement("a");
        link.href = URL.createObjectURL(new Blob(parts, { type: "text/csv" }));
        link.download = /filename="([^"]+)"/.exec(disposition)?.[1] ?? "export.csv";
        link.click();
        URL.revokeObjectURL(link.href);
    };

    const showProgress = (place) => {
        const box = document.createElement("span");
        box.className = "export-progress";
        const bar = document.createElement("progress");
        const text = document.createElement("span");
        text.setAttribute("role", "status");
        const cancel = document.createElement("button");
        cancel.type = "button";
        cancel.textContent = place.dataset.cancel;
        box.append(bar, text, cancel);
        place.append(box);
        bar.setAttribute("aria-label", place.querySelector("a").textContent.trim());
        return { box, bar, text, cancel };
    };

    const download = async (place, link) => {
        const stop = new AbortController();
        const { box, bar, text, cancel } = showProgress(place);
        cancel.addEventListener("click", () => stop.abort());
        try {
            const answer = await fetch(link.href, { signal: stop.signal });
            if (!answer.ok || !answer.headers.get("Content-Type")?.startsWith("text/csv")) {
                window.location.assign(link.href); // signed out or not permitted: show that page
                return;
            }
            const total = Number(answer.headers.get("X-Total-Rows"));
            const parts = [];
            let done = -1; // the heading does not count
            bar.max = Math.max(total, 1);
            const reader = answer.body.getReader();
            for (let part = await reader.read(); !part.done; part = await reader.read()) {
                parts.push(part.value);
                done += linesIn(part.value);
                bar.value = Math.max(done, 0);
                text.textContent = place.dataset.progress
                    .replace("DONE", number.format(Math.max(done, 0)))
                    .replace("TOTAL", number.format(Math.max(total, done)));
            }
            save(parts, answer.headers.get("Content-Disposition") ?? "");
            setTimeout(() => box.remove(), 4000);
            cancel.remove();
        } catch {
            if (stop.signal.aborted) {
                box.remove();
                return;
            }
            text.textContent = place.dataset.failed;
            bar.remove();
            cancel.remove();
        }
    };

    for (const place of document.querySelectorAll("[data-export]")) {
        let isBusy = false;
        for (const link of place.querySelectorAll("a")) {
            link.addEventListener("click", async (event) => {
                if (event.ctrlKey || event.metaKey || event.shiftKey) return;
                event.preventDefault();
                if (isBusy) return;
                isBusy = true;
                place.querySelector(".export-progress")?.remove();
                await download(place, link);
                isBusy = false;
            });
        }
    }
})();
