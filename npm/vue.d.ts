import type { DefineComponent } from "vue";

import type {
  ErrorDetail,
  FeedAttributes,
  SubscribeAttributes,
  Token,
  UpvoteAttributes,
  VoteDetail,
} from "./elements.js";

type Camel<Name> = Name extends `${infer Head}-${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : Name;

/** The attributes of an element as properties; the service's address cannot be left out in a bundle. */
type Properties<Attributes> = {
  [Name in keyof Attributes as Camel<Name>]: Attributes[Name];
} & {
  api: string;
  token?: Token;
  onVote?: (event: CustomEvent<VoteDetail>) => void;
  onError?: (event: CustomEvent<ErrorDetail>) => void;
  onLoaded?: (event: CustomEvent) => void;
};

export const RecsvcFeed: DefineComponent<Properties<FeedAttributes>>;
export const RecsvcUpvote: DefineComponent<Properties<UpvoteAttributes>>;
export const RecsvcSubscribe: DefineComponent<Properties<SubscribeAttributes>>;
