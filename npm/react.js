/**
 * The elements as React components. What is inside them shows until there is something better.
 *
 * Present-or-absent attributes are written as "" or left out, so that every React that knows custom
 * elements at all treats them alike; what is no attribute (token, listeners) is set on the element.
 */

import { createElement, useEffect, useRef } from "react";

const LISTENERS = { onVote: "recsvc-vote", onError: "recsvc-error", onLoaded: "recsvc-loaded" };

const dashed = (name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function component(tag, load) {
  return function RecsvcElement({ children, token, ...given }) {
    const ref = useRef(null);
    const attributes = { ref };
    const listeners = {};
    for (const [name, value] of Object.entries(given)) {
      if (name in LISTENERS) listeners[LISTENERS[name]] = value;
      else if (name === "className") attributes.class = value;
      else if (name === "style" || name === "id") attributes[name] = value;
      else if (value != null && value !== false) attributes[dashed(name)] = value === true ? "" : String(value);
    }
    const latest = useRef(listeners);
    latest.current = listeners;
    useEffect(() => void load(), []); // nothing to define while a server renders
    useEffect(() => {
      if (token !== undefined) ref.current.token = token;
    }, [token]);
    useEffect(() => {
      const element = ref.current;
      const hear = (event) => latest.current[event.type]?.(event);
      const names = Object.values(LISTENERS);
      for (const name of names) element.addEventListener(name, hear);
      return () => names.forEach((name) => element.removeEventListener(name, hear));
    }, []);
    return createElement(tag, attributes, children);
  };
}

export const RecsvcFeed = component("recsvc-feed", () => import("./embed/elements.js"));
export const RecsvcUpvote = component("recsvc-upvote", () => import("./embed/elements.js"));
export const RecsvcSubscribe = component("recsvc-subscribe", () => import("./embed/subscribe.js"));
