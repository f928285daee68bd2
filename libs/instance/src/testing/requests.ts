/** What a request for an instance asks for when it says nothing. */
export const bareRequest = {
  description: '',
  architecture: '',
  config: {},
  devices: {},
  profiles: null,
  ephemeral: false,
  type: '',
  start: false,
};
