// Live pages, without changing them under a reader's hands: the parts marked data-live are
// fetched again when the server says that something changed. Everything works without this.
"use strict";

(function () {
  var parts = document.querySelectorAll("[data-live]");
  var waiting = null;

  function busy() {
    var at = document.activeElement;
    return document.hidden || (at && at.closest("[data-live]")) !== null;
  }

  function refresh() {
    waiting = null;
    if (busy()) {
      waiting = setTimeout(refresh, 5000);
      return;
    }
    fetch(location.href, { headers: { Accept: "text/html" }, credentials: "same-origin" })
      .then(function (answer) {
        return answer.ok ? answer.text() : null;
      })
      .then(function (text) {
        var page = text && new DOMParser().parseFromString(text, "text/html");
        parts.forEach(function (part) {
          var next = page && page.getElementById(part.id);
          if (next && next.innerHTML !== part.innerHTML) {
            part.replaceChildren.apply(part, Array.from(next.childNodes));
          }
        });
      })
      .catch(function () {});
  }

  if (parts.length > 0 && window.EventSource) {
    new EventSource("/live").addEventListener("changed", function () {
      if (waiting === null) {
        waiting = setTimeout(refresh, 1000);
      }
    });
  }
})();
