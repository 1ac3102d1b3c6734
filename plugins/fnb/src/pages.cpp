#include "pages.hpp"

namespace fnb {

const char kIndex[] =
    R"({"service":"fnb","description":"Credit look-up by DNI","endpoints":["POST /query","GET /query?dni=","POST /query/fnb","POST /query/gaso","GET /health","GET /health/gaso","GET /openapi.json"]})";

const char kOpenApi[] = R"({
  "openapi": "3.0.3",
  "info": { "title": "Credit look-up by DNI", "version": "3.0.0" },
  "paths": {
    "/query": {
      "get": { "summary": "FNB, then GASO", "parameters": [{ "$ref": "#/components/parameters/dni" }], "responses": { "200": { "$ref": "#/components/responses/result" }, "400": { "$ref": "#/components/responses/problem" } } },
      "post": { "summary": "FNB, then GASO", "requestBody": { "$ref": "#/components/requestBodies/query" }, "responses": { "200": { "$ref": "#/components/responses/result" }, "400": { "$ref": "#/components/responses/problem" } } }
    },
    "/query/fnb": {
      "get": { "summary": "FNB alone", "parameters": [{ "$ref": "#/components/parameters/dni" }], "responses": { "200": { "$ref": "#/components/responses/result" }, "400": { "$ref": "#/components/responses/problem" } } },
      "post": { "summary": "FNB alone", "requestBody": { "$ref": "#/components/requestBodies/query" }, "responses": { "200": { "$ref": "#/components/responses/result" }, "400": { "$ref": "#/components/responses/problem" } } }
    },
    "/query/gaso": {
      "get": { "summary": "GASO alone", "parameters": [{ "$ref": "#/components/parameters/dni" }], "responses": { "200": { "$ref": "#/components/responses/result" }, "400": { "$ref": "#/components/responses/problem" } } },
      "post": { "summary": "GASO alone", "requestBody": { "$ref": "#/components/requestBodies/query" }, "responses": { "200": { "$ref": "#/components/responses/result" }, "400": { "$ref": "#/components/responses/problem" } } }
    },
    "/health": { "get": { "summary": "State of both upstreams", "responses": { "200": { "description": "Nothing is known to be wrong" }, "503": { "description": "An upstream is unhealthy" } } } },
    "/health/gaso": { "get": { "summary": "State of GASO", "responses": { "200": { "description": "Nothing is known to be wrong" }, "503": { "description": "GASO is unhealthy" } } } }
  },
  "components": {
    "parameters": { "dni": { "name": "dni", "in": "query", "required": true, "schema": { "$ref": "#/components/schemas/Dni" } } },
    "requestBodies": { "query": { "required": true, "content": { "application/json": { "schema": { "type": "object", "required": ["dni"], "properties": { "dni": { "$ref": "#/components/schemas/Dni" } } } } } } },
    "responses": {
      "result": { "description": "What is known; a technical failure has return_code 2", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Result" } } } },
      "problem": { "description": "No DNI", "content": { "application/problem+json": { "schema": { "type": "object", "properties": { "status": { "type": "integer" }, "detail": { "type": "string" } } } } } }
    },
    "schemas": {
      "Dni": { "type": "string", "pattern": "^[0-9]{8}$", "example": "08408122" },
      "Result": {
        "type": "object",
        "properties": {
          "success": { "type": "boolean", "description": "the person was found" },
          "dni": { "$ref": "#/components/schemas/Dni" },
          "channel": { "type": "string", "enum": ["fnb", "gaso"] },
          "canal": { "type": "string", "enum": ["fnb", "gaso"] },
          "has_offer": { "type": "boolean" },
          "tiene_oferta": { "type": "boolean" },
          "client_message": { "type": "string" },
          "client_message_compact": { "type": "string" },
          "client_message_html": { "type": "string" },
          "data": { "type": "object", "nullable": true },
          "datos": { "type": "object", "nullable": true },
          "error": { "type": "string", "nullable": true },
          "return_code": { "type": "integer", "enum": [0, 1, 2] }
        }
      }
    }
  }
})";

}  // namespace fnb
