// The contract of this server, read by Swagger UI; no other host is asked for anything.
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#contract",
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  validatorUrl: null,
});
