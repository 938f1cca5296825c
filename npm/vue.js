/**
 * The elements as Vue components: no compiler needs to be told that they are no components of its own.
 * What stands in their default slot shows until there is something better.
 */

import { defineComponent, h, onMounted, ref, watchEffect } from "vue";

const EVENTS = { vote: "recsvc-vote", error: "recsvc-error", loaded: "recsvc-loaded" };

function component(name, tag, load) {
  return defineComponent({
    name,
    inheritAttrs: false,
    props: { token: { type: [String, Function], default: undefined } },
    emits: Object.keys(EVENTS),
    setup(props, { attrs, emit, slots }) {
      const element = ref(null);
      onMounted(() => {
        load();
        watchEffect(() => {
          if (props.token !== undefined) element.value.token = props.token;
        });
      });
      const heard = Object.fromEntries(
        Object.entries(EVENTS).map(([short, full]) => [`on:${full}`, (event) => emit(short, event)]),
      );
      return () => h(tag, { ...written(attrs), ...heard, ref: element }, slots.default?.());
    },
  });
}

/** Attributes as they are written: `^` keeps Vue from setting properties of the same name. */
function written(attrs) {
  const found = {};
  for (const [name, value] of Object.entries(attrs)) {
    if (/^on[A-Z]/.test(name) || name === "class" || name === "style") found[name] = value;
    else if (value != null && value !== false) {
      const dashed = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      found[`^${dashed}`] = value === true ? "" : String(value);
    }
  }
  return found;
}

export const RecsvcFeed = component("RecsvcFeed", "recsvc-feed", () => import("./embed/elements.js"));
export const RecsvcUpvote = component("RecsvcUpvote", "recsvc-upvote", () => import("./embed/elements.js"));
export const RecsvcSubscribe = component(
  "RecsvcSubscribe",
  "recsvc-subscribe",
  () => import("./embed/subscribe.js"),
);
