import { graphql } from "../gql";
import { textOf } from "./texts";

const Reachable = graphql(`
  query Reachable { __typename }
`);

/** The least that can be asked: whether there is an answer, and whether it is for us. */
export const REACHABLE = JSON.stringify({ query: textOf(Reachable) });
