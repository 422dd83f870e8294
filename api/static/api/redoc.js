// ReDoc loads its vendor's logo, by attribute and by property: block images of other hosts.
const image = HTMLImageElement.prototype;
const { set } = Object.getOwnPropertyDescriptor(image, "src");
const isElsewhere = (url) => /^https?:/.test(url);
Object.defineProperty(image, "src", {
  set(url) {
    if (!isElsewhere(url)) set.call(this, url);
  },
});
image.setAttribute = function (name, value) {
  if (name !== "src" || !isElsewhere(value)) Element.prototype.setAttribute.call(this, name, value);
};

// System fonts instead of Google's.
const page = document.getElementById("redoc");
Redoc.init(page.dataset.schemaUrl, {
  theme: {
    typography: {
      fontFamily: "system-ui, sans-serif",
      headings: { fontFamily: "system-ui, sans-serif" },
      code: { fontFamily: "ui-monospace, monospace" },
    },
  },
}, page);
