// Gives Unfold's scrolling areas different names for screen readers; runs before simplebar creates them.
document.querySelectorAll("[data-simplebar]").forEach((area, nth) => {
    const title = document.querySelector("h1")?.textContent.trim().replace(/\s+/g, " ") ?? "";
    const name = area.id === "nav-sidebar-apps" ? document.getElementById("nav-sidebar")?.querySelector("a, span")?.textContent.trim() : title;
    area.setAttribute("data-simplebar-aria-label", [name, nth || ""].join(" ").trim());
});

// Tells the server the time zone of this browser, for the times on the pages.
document.cookie = `time_zone=${encodeURIComponent(Intl.DateTimeFormat().resolvedOptions().timeZone)}; path=/admin/; max-age=31536000; samesite=lax`;
