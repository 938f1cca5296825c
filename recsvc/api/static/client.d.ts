/** Types of client.js, the client of recsvc's HTTP API. Fields of newer services may come besides. */

export interface ClientOptions {
  /** A secret key, a publishable key or a reader's token; a function is asked before every call. */
  key?: string | null | (() => string | null | Promise<string | null>);
  /** Of one attempt. */
  timeoutMs?: number;
  /** Calls in all, the first included. */
  attempts?: number;
  /** Bound of the first pause; it doubles from attempt to attempt. */
  firstPauseMs?: number;
  /** Bound of any pause, and the longest wait that the service may ask for. */
  longestPauseMs?: number;
  fetch?: typeof fetch;
  /** Told of events sent in the background that will not be taken, and why. */
  onFailure?: (events: Event[], why: string) => void;
}

/** A kind of event; sites may have kinds of their own. */
export type Kind =
  | "impression"
  | "click"
  | "read"
  | "upvote"
  | "unvote"
  | "save"
  | "unsave"
  | "share"
  | "hide"
  | "unhide"
  | (string & {});

export interface EventDetails {
  /** RFC 3339. */
  at?: string;
  value?: number;
  feed_id?: string;
  position?: number;
  /** The same id twice is one event; made up if absent. */
  event_id?: string;
}

export interface Event extends EventDetails {
  item: string;
  kind: Kind;
  /** Left out where the credential is the reader's own token. */
  user?: string;
}

export interface Rejection {
  index: number;
  error: string;
  field: string | null;
}

export interface Recorded {
  accepted: number;
  duplicates: number;
  rejected: Rejection[];
  /** Of those accepted, how many switched nothing; absent if none. */
  unchanged?: number;
}

export interface Upserted {
  created: number;
  updated: number;
  unchanged: number;
  rejected: Rejection[];
}

export interface Organisation {
  slug: string;
  name: string;
}

export interface ItemFields {
  title: string;
  text?: string;
  url?: string | null;
  authors?: string[];
  n_authors?: number | null;
  organisation?: Organisation | null;
  topics?: string[];
  published_at?: string | null;
  published_precision?: "day" | "month" | "year" | "about" | null;
  listed_at?: string | null;
  expires_at?: string | null;
  upvotes?: number;
  comments?: number;
  hidden?: boolean;
  aliases?: string[];
  extra?: Record<string, unknown>;
}

export interface NewItem extends ItemFields {
  id: string;
}

/** An item as lists show it. */
export interface Item {
  title: string;
  text: string;
  /** Title and text without TeX and markup; left out where they have none. */
  readable?: { title: string; text: string };
  url: string | null;
  /** Where to read it: as the host's site says, else its `url`. */
  address?: string | null;
  /** Where its comments are. */
  discussion?: string | null;
  n_authors: number | null;
  authors: string[];
  organisation: Organisation | null;
  topics: string[];
  published_at: string | null;
  published_precision: "day" | "month" | "year" | "about" | null;
  listed_at: string | null;
  upvotes: number;
  comments: number;
  extra: Record<string, unknown>;
}

export interface CatalogueItem extends Item {
  id: string;
  hidden: boolean;
  aliases: string[];
}

export interface Reason {
  kind: string;
  text: string;
  /** The reader's own items that speak for it. */
  items: string[];
  share?: number;
}

export interface Listed {
  id: string;
  position: number;
  score: number;
  source: string;
  reason: Reason;
  /** Left out with `fields: "id"`, and of what a rank could not rank. */
  item?: Item;
  /** Of a search: whether it holds all words that tell something, or only some. */
  match?: "all" | "some";
  /** Only a search has them. */
  highlights?: { title: Part[]; text: Part[] };
  /** Every voice's points, with `explain: true`. */
  account?: Record<string, unknown>;
}

/** A piece of text, and whether a search found it. */
export interface Part {
  text: string;
  match: boolean;
  /** The formula that its characters spell, for those who can draw it. */
  tex?: string;
}

export interface Feed {
  feed_id: string;
  user: string | null;
  source: string;
  snapshot_id: string | null;
  trained_at: string | null;
  generated_at: string;
  events_behind: number;
  stale: boolean;
  items: Listed[];
  /** Cursor of the page that follows. */
  next: string | null;
  /** `experiment=variant`, of the experiments that its reader is in. */
  variants?: string[];
}

/** What a search made of its query. */
export interface QueryReport {
  /** Items that hold every word that tells something. */
  found: number;
  /** Further items, which hold some of the words. */
  related: number;
  /** Whether there are so many that the rest was not counted. */
  at_least: boolean;
  /** Words that were not looked for, as others tell more. */
  ignored: string[];
  /** Words that were not looked for, as too many stand before them. */
  beyond: number;
  /** Words that stand nowhere, and nothing like them does. */
  unknown: string[];
  /** What was searched for in the place of words that stand nowhere. */
  instead: { word: string; searched: string[] }[];
  /** With `facets: true`. */
  facets?: {
    topics: { topic: string; items: number }[];
    organisations: { organisation: string; name: string; items: number }[];
    years: { year: number; items: number }[];
  };
}

export interface SearchFeed extends Feed {
  search: QueryReport;
}

/** What was listed in a period; `previous` and `next` name the nearest in which something was. */
export interface PeriodFeed extends Feed {
  period: string;
  previous: string | null;
  /** Of the page that follows. */
  cursor: string | null;
}

/** A page of what is stored; `next` continues it. */
export interface Listing {
  items?: Record<string, unknown>[];
  users?: Record<string, unknown>[];
  events?: Record<string, unknown>[];
  next: string | null;
}
export interface ItemVotes {
  id: string;
  upvotes: number;
  upvoted: boolean;
}

/** What every list can be asked for, besides for whom. */
export interface Filters {
  limit?: number;
  cursor?: string | null;
  topic?: string[];
  topic_all?: string[];
  topic_not?: string[];
  organisation?: string[];
  since?: string;
  until?: string;
  exclude?: string[];
  fields?: "full" | "id";
}

/** The same of a list that is everybody's: for a reader, it comes without what they hid and mute. */
export interface ListFilters extends Filters {
  user?: string | null;
}

export interface FeedFilters extends Filters {
  /** What an anonymous session did, for readers whom the service does not know. */
  history?: Event[];
  seen?: "7d" | "30d" | "forever" | "show";
  diversity?: number;
  freshness_half_life?: number;
  explore?: number;
  explain?: boolean;
}

export class Recsvc {
  constructor(url: string, options?: ClientOptions);
  readonly events: EventBatcher;
  close(): Promise<void>;
  feed(user?: string | null, asked?: FeedFilters): Promise<Feed>;
  rank(items: string[], user?: string | null, fields?: "full" | "id"): Promise<Feed>;
  trending(asked?: ListFilters & { window?: "day" | "week" | "month" | "all" }): Promise<Feed>;
  new(asked?: ListFilters): Promise<Feed>;
  similar(
    item: string | string[],
    asked?: ListFilters & { unlike?: string[]; by?: "both" | "text" | "readers" },
  ): Promise<Feed>;
  search(
    q: string,
    asked?: ListFilters & { prefix?: boolean; sort?: "relevance" | "new"; facets?: boolean },
  ): Promise<SearchFeed>;
  daily(day: string, asked?: ListFilters): Promise<PeriodFeed>;
  weekly(week: string, asked?: ListFilters): Promise<PeriodFeed>;
  monthly(month: string, asked?: ListFilters): Promise<PeriodFeed>;
  pages<Page extends Feed>(
    ask: (cursor: string | undefined) => Promise<Page>,
  ): AsyncGenerator<Page, void, void>;
  listItems(asked?: Record<string, unknown>): Promise<Listing>;
  listUsers(asked?: Record<string, unknown>): Promise<Listing>;
  listEvents(asked?: Record<string, unknown>): Promise<Listing>;
  votes(items: string[], user?: string | null): Promise<ItemVotes[]>;
  act(user: string | null, kind: Kind, item: string, details?: EventDetails): Promise<boolean>;
  record(events: Event[], options?: { strict?: boolean }): Promise<Recorded>;
  beacon(events: Event[]): boolean;
  putItems(items: NewItem[]): Promise<Upserted>;
  getItem(item: string): Promise<CatalogueItem>;
  patchItem(
    item: string,
    changes: { [Field in keyof ItemFields]?: ItemFields[Field] | null },
  ): Promise<CatalogueItem>;
  deleteItem(item: string): Promise<void>;
  request(
    method: string,
    path: string,
    options?: { query?: Record<string, unknown>; body?: unknown },
  ): Promise<any>;
}

export class EventBatcher {
  constructor(
    client: Recsvc,
    options?: {
      everyMs?: number;
      capacity?: number;
      onFailure?: (events: Event[], why: string) => void;
    },
  );
  add(...events: Event[]): void;
  flush(): Promise<boolean>;
  close(): Promise<void>;
}

export class CallError extends Error {
  wasSent: boolean;
}
export class UnreachableError extends CallError {}
export class TimedOutError extends CallError {}
export class UnexpectedAnswerError extends CallError {}
export class BatchFullError extends CallError {}
export class ProblemError extends CallError {
  status: number;
  detail: string;
  field: string | null;
  errors: { field: string; detail: string }[];
  retryAfterS: number | null;
}
export class InvalidError extends ProblemError {}
export class TooLargeError extends InvalidError {}
export class NotAuthenticatedError extends ProblemError {}
export class NotAllowedError extends ProblemError {}
export class NotFoundError extends ProblemError {}
export class ConflictError extends ProblemError {}
export class ExpiredError extends ProblemError {}
export class TooManyRequestsError extends ProblemError {}
export class ServerError extends ProblemError {}
export class UnavailableError extends ServerError {}
