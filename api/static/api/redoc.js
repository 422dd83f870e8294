// ReDoc loads its vendor's logo, by attribute and by property: images of other hosts fail to load, and it removes them.
const image = HTMLImageElement.prototype;
const { set } = Object.getOwnPropertyDescriptor(image, "src");
const isElsewhere = (url) => /^https?:/.test(url);
const fail = (element) => setTimeout(() => element.dispatchEvent(new Event("error")));
Object.defineProperty(image, "src", {
  set(url) {
    if (isElsewhere(url)) fail(this);
    else set.call(this, url);
  },
});
image.setAttribute = function (name, value) {
  if (name === "src" && isElsewhere(value)) fail(this);
  else Element.prototype.setAttribute.call(this, name, value);
};

// The theme that was chosen in the settings, else that of the system, as on the other pages.
const page = document.getElementById("redoc");
const system = matchMedia("(prefers-color-scheme: dark)");
const chosen = page.dataset.theme;
const isDark = chosen ? chosen === "dark" : system.matches;
if (!chosen) system.addEventListener("change", () => location.reload());
document.documentElement.classList.toggle("dark", isDark);

// The colours of web/theme.css and web/dark.css.
const light = { colors: { primary: { main: "#0e5a44" } } };
const dark = {
  colors: {
    primary: { main: "#7fd3b0" },
    success: { main: "#8fd19e" },
    warning: { main: "#e8b75f" },
    error: { main: "#f29783" },
    text: { primary: "#efeee8", secondary: "#a9aba2" },
    border: { dark: "#33372f", light: "#33372f" },
    responses: {
      success: { color: "#a8e2cb", backgroundColor: "#17332a" },
      error: { color: "#f8b9ab", backgroundColor: "#3a1b15" },
      redirect: { color: "#e8b75f", backgroundColor: "#33290f" },
      info: { color: "#c7cff2", backgroundColor: "#23273a" },
    },
  },
  schema: { nestedBackground: "#1c1f1b", linesColor: "#4f8c78", typeNameColor: "#a9aba2", arrow: { color: "#a9aba2" } },
  typography: { code: { color: "#f8b9ab", backgroundColor: "#23261f" } },
  sidebar: { backgroundColor: "#1c1f1b", textColor: "#efeee8", activeTextColor: "#7fd3b0" },
  rightPanel: {
    backgroundColor: "#0c0e0b",
    servers: { overlay: { backgroundColor: "#1c1f1b", textColor: "#efeee8" }, url: { backgroundColor: "#131512" } },
  },
  fab: { backgroundColor: "#1c1f1b", color: "#7fd3b0" },
};
const theme = isDark ? dark : light;

// System fonts instead of Google's.
Redoc.init(page.dataset.schemaUrl, {
  theme: {
    ...theme,
    typography: {
      ...theme.typography,
      fontFamily: "system-ui, sans-serif",
      headings: { fontFamily: "system-ui, sans-serif" },
      code: { ...theme.typography?.code, fontFamily: "ui-monospace, monospace" },
    },
  },
}, page);
