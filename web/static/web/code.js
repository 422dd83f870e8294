// The box for a code: filled in by the browser where it reads messages (WebOTP), submitted at the last digit.

const box = document.querySelector("input.one-time-code");
const button = box?.form.querySelector("button");
const digits = () => [...box.value].filter((character) => /\p{Nd}/u.test(character)).length;
const submit = () => box.form.requestSubmit(button);

if (box) {
  if (box.getAttribute("aria-invalid") === "true") box.select(); // a wrong code: the next one replaces it
  box.addEventListener("input", () => {
    if (digits() === box.size) submit();
  });
  if ("OTPCredential" in window) {
    const waiting = new AbortController();
    box.form.addEventListener("submit", () => waiting.abort());
    navigator.credentials
      .get({ otp: { transport: ["sms"] }, signal: waiting.signal })
      .then((received) => {
        box.value = received.code;
        submit();
      })
      .catch(() => {}); // the message came to another device, or the person declined
  }
}
