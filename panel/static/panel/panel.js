// Gives Unfold's scrolling areas different names for screen readers; runs before simplebar creates them.
document.querySelectorAll("[data-simplebar]").forEach((area, nth) => {
    const title = document.querySelector("h1")?.textContent.trim().replace(/\s+/g, " ") ?? "";
    const name = area.id === "nav-sidebar-apps" ? document.getElementById("nav-sidebar")?.querySelector("a, span")?.textContent.trim() : title;
    area.setAttribute("data-simplebar-aria-label", [name, nth || ""].join(" ").trim());
});
