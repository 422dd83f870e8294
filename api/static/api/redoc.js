// The bundle wants its maker's logo, by attribute and by property: other hosts are not even asked.
const image = HTMLImageElement.prototype;
const { set } = Object.getOwnPropertyDescriptor(image, "src");
const isElsewhere = (address) => /^https?:/.test(address);
Object.defineProperty(image, "src", {
  set(address) {
    if (!isElsewhere(address)) set.call(this, address);
  },
});
image.setAttribute = function (name, value) {
  if (name !== "src" || !isElsewhere(value)) Element.prototype.setAttribute.call(this, name, value);
};

// Fonts of the system: the package's own page asks Google for them.
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
