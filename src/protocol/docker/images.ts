/**
 * Request header of `POST /images/create`: the client's pull policy, which Docker's API has no field for. With `always`
 * the engine's bundled hello-world does not stand in for a registry that is out of reach. Sent by `run --pull always`
 * and `create --pull always`; other clients send nothing, and get the stand-in.
 */
export const PULL_POLICY_HEADER = 'X-Wherry-Pull';
