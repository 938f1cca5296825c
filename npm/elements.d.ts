/** Types of elements.js: <recsvc-feed> and <recsvc-upvote>, and of subscribe.js: <recsvc-subscribe>. */

/** A reader's token: text, or a function that is asked whenever one is needed. */
export type Token = string | (() => string | Promise<string>);

/** What a vote, a load or a failure tells (`event.detail`). */
export interface VoteDetail {
  item: string;
  on: boolean;
}
export interface ErrorDetail {
  problem: string;
  item?: string;
}

interface Shared {
  /** Address of the service; in a bundle there is no other way to know it. */
  api?: string;
  /** Publishable key of your site, where the service has keys. */
  "publishable-key"?: string;
  /** Id of the reader, for services without keys only. */
  user?: string;
  theme?: "light" | "dark";
  tracking?: "auto" | "on" | "off";
}

/** The attributes of <recsvc-feed>; present or absent ones are booleans. */
export interface FeedAttributes extends Shared {
  list?: "feed" | "trending" | "new" | "similar";
  item?: string;
  window?: "day" | "week" | "month" | "all";
  limit?: number;
  topic?: string;
  "topic-not"?: string;
  seen?: "7d" | "30d" | "forever" | "show";
  heading?: string;
  "heading-level"?: number;
  excerpt?: boolean;
  reasons?: boolean;
  more?: boolean;
  link?: string;
  target?: string;
}

/** The attributes of <recsvc-upvote>. */
export interface UpvoteAttributes extends Shared {
  item: string;
  label?: string;
}

/** The attributes of <recsvc-subscribe>. */
export interface SubscribeAttributes extends Shared {
  cadence?: "daily" | "weekly";
  weekday?: string;
  hour?: number;
  content?: "trending" | "personal" | "both";
  topics?: string;
}

export interface RecsvcElement extends HTMLElement {
  token: Token | undefined;
  /** Load once more. */
  refresh(): void;
}

declare global {
  interface HTMLElementTagNameMap {
    "recsvc-feed": RecsvcElement;
    "recsvc-upvote": RecsvcElement;
    "recsvc-subscribe": HTMLElement & { token: Token | undefined };
  }
  interface HTMLElementEventMap {
    "recsvc-vote": CustomEvent<VoteDetail>;
    "recsvc-error": CustomEvent<ErrorDetail>;
    "recsvc-loaded": CustomEvent<Record<string, never>>;
  }
}
