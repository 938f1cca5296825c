import type { CSSProperties, FunctionComponent, ReactNode } from "react";

import type {
  ErrorDetail,
  FeedAttributes,
  SubscribeAttributes,
  Token,
  UpvoteAttributes,
  VoteDetail,
} from "./elements.js";

/** `publishable-key` as `publishableKey`. */
type Camel<Name> = Name extends `${infer Head}-${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : Name;

/** The attributes of an element as properties; the service's address cannot be left out in a bundle. */
type Properties<Attributes> = {
  [Name in keyof Attributes as Camel<Name>]: Attributes[Name];
} & {
  api: string;
  token?: Token;
  id?: string;
  className?: string;
  style?: CSSProperties;
  children?: ReactNode;
  onVote?: (event: CustomEvent<VoteDetail>) => void;
  onError?: (event: CustomEvent<ErrorDetail>) => void;
  onLoaded?: (event: CustomEvent) => void;
};

export const RecsvcFeed: FunctionComponent<Properties<FeedAttributes>>;
export const RecsvcUpvote: FunctionComponent<Properties<UpvoteAttributes>>;
export const RecsvcSubscribe: FunctionComponent<Properties<SubscribeAttributes>>;
