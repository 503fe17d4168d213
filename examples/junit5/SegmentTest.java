import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class SegmentTest {
  static final String SANDBOX = Optional.ofNullable(System.getenv("SANDBOX_URL")).orElse("http://127.0.0.1:8080");

  @Test
  void theDocumentedCustomerHasSegment20() throws Exception {
    var answer = ask("{\"customerId\": \"321116471234\"}");
    assertEquals(200, answer.statusCode(), answer.body());
    assertTrue(answer.body().contains("\"customerSegment\":\"20\""), answer.body());
  }

  @Test
  void theBankMayFail() throws Exception {
    var answer = ask("{\"customerId\": \"321116471234\"}", "X-Sandbox-Scenario", "serverUnavailable");
    assertEquals(500, answer.statusCode(), answer.body());
    assertTrue(answer.body().contains("\"code\":\"serverUnavailable\""), answer.body());
  }

  /** Replace this by your own client, called with the sandbox's address. */
  static HttpResponse<String> ask(String body, String... more) throws Exception {
    var request = HttpRequest.newBuilder(URI.create(SANDBOX + "/api/v1/customers/segments/retrieve"))
        .headers("client_id", "junit5", "Authorization", "Bearer demo-token", "uuid", UUID.randomUUID().toString())
        .headers("Accept", "application/json", "Content-Type", "application/json")
        .headers("countryCode", "MX", "businessCode", "GCB", "ChannelId", "IVR")
        .POST(HttpRequest.BodyPublishers.ofString(body));
    if (more.length > 0) request.headers(more);
    return HttpClient.newHttpClient().send(request.build(), BodyHandlers.ofString());
  }
}
