// Unfold's scrolling areas are all called the same: tell them apart for screen readers, before they are made.
document.querySelectorAll("[data-simplebar]").forEach((area, nth) => {
    const title = document.querySelector("h1")?.textContent.trim().replace(/\s+/g, " ") ?? "";
    const name = area.id === "nav-sidebar-apps" ? document.getElementById("nav-sidebar")?.querySelector("a, span")?.textContent.trim() : title;
    area.setAttribute("data-simplebar-aria-label", [name, nth || ""].join(" ").trim());
});
